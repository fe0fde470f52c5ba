"""`leapcasa policy`: demonstrations, training and measurement of the embedded policy."""
