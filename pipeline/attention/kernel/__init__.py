"""How the chain is run: on blocks of whole rows, in tiles, on threads."""
