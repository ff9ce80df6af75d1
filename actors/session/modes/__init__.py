"""The modes of a session, one module each: which children a session of that mode has, and how they are made."""
