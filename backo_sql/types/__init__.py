"""What a value is: types, options, kinds. Nothing here knows of a database or a request."""
