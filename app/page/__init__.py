"""The web page at `/` and its static files, with the headers under which they are served (CSP, CORS, caching)."""
