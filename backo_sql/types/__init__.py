"""What a value is: types, options, kinds. Standard library only; nothing here knows of a database or a request."""
