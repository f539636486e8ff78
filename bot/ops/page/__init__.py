"""The owner's page: one document, drawn by one set of components, live or as a file. It shows; it never commands."""
