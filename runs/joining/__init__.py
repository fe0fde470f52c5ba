"""`leapcasa policy join` and `judge join`: what was trained for new skills, beside the rest."""
