"""See the module docstrings; the room is described in docs/architecture."""
