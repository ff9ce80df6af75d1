"""What can be wrong with what came over the wire: every exception of this package.

    WireError
    ├── ProtocolError          a message of a browser cannot be understood (browser.py)
    ├── RequestError           the body or the query of a REST request is wrong (request_decoding.py)
    ├── MediaProtocolError     a message of a call's media socket cannot be understood or served (acs/media_fields.py)
    ├── RealtimeProtocolError  a message of a speech-to-speech service cannot be understood (realtime/codec.py)
    ├── EventsError            a body that should hold events of calls holds none (acs/cloud_events.py)
    ├── JsonError              a text or its bytes are no JSON whose meaning is plain (tolerant_json.py)
    └── Base64Error            a text is no base64 in any spelling (acs/tolerant_base64.py)

A value that is built wrong by our own code is a ValueError, as with any other library.
"""


class WireError(Exception):
    """Base of every exception that the package `protocol` raises for what it was sent."""
