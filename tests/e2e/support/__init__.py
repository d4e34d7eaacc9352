"""What the end-to-end tests share: the stack under test, its clients, load and oracle."""
