"""What workers on all machines do together through Redis: a conversation outlives its worker and goes on at another
one.
"""
