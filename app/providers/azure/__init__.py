"""Azure Speech behind the ports: speech to text and text to speech by Microsoft's native SDK.

Only the modules `sdk_*.py` and `light_events.py` import the SDK, and they are imported in a thread when an engine is
first used: it takes a while, and 20 MB.
"""
