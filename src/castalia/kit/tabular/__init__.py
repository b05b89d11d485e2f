"""Tables: what is done to rows and columns before a model sees them."""
