"""What workers on all machines do together: a conversation outlives its worker, and goes on at another one."""
