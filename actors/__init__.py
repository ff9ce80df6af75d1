"""The conversation itself: pure rules, the actors that carry them out, and the ports to engines and stores."""
