"""Telephone calls: answers, places, watches and ends them, whichever carrier they come by."""
