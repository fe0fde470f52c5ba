"""Reference steps of RoboCasa365's composite tasks, as reviewed data."""
