"""The parents' pages: Django templates that work without JavaScript, over the same functions as the API."""
