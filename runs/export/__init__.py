"""`leapcasa export`: recorded episodes as a data set that policies are trained on."""
