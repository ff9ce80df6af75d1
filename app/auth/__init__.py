"""Authentication and authorisation: operators, browser tokens, Entra, ACS (JWT, JWKS), origins (CORS), exposure."""
