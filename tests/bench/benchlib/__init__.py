"""The bench: each module measures one kind of work; `goals` says what is good enough."""
