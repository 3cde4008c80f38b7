"""How attention is computed: the chain of stages on blocks of whole rows, on threads."""
