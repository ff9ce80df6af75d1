"""What a session needs of the world outside, one protocol a module; engines, stores and networks implement them."""
