"""HTTP: the routes of a backoffice on a Flask application."""
