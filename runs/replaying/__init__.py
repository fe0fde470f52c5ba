"""`leapcasa replay`: rebuilds a recorded episode, reruns its actions and compares."""
