"""Every exception of this package. Each is raised for data that came over the wire.

    WireError
    ├── ProtocolError          a message of a browser cannot be understood (browser.py)
    ├── RequestError           the body or the query of a REST request is wrong (request_decoding.py)
    ├── MediaProtocolError     a message of a call's media socket cannot be understood or served (acs/media_fields.py)
    ├── RealtimeProtocolError  a message of a speech-to-speech service cannot be understood (realtime/codec.py)
    ├── EventsError            a body that should hold events of calls holds none (acs/cloud_events.py)
    ├── JsonError              a text, or its bytes, is not JSON, or what it means is ambiguous (tolerant_json.py)
    └── Base64Error            a text is not base64 in any spelling (acs/tolerant_base64.py)

A value that our own code builds wrong is a ValueError, as with any other library.
"""


class WireError(Exception):
    """Base of every exception that the package `protocol` raises for what it was sent."""
