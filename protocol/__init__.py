"""The wire as data: what browsers, REST clients and the telephone network send and are sent. Without any I/O."""
