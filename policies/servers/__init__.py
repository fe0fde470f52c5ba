"""Scripts that run beside a user's own policy, in its environment, without leapcasa."""
