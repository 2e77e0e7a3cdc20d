"""Where items live. A backend receives plans and values; it never sees a request."""
