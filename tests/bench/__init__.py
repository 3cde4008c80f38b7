"""How long things take, each beside a peer measured in the same run. Never part of the tests."""
