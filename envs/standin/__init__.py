"""The stand-in asset pack: generated from code, real RoboCasa365 runs on it."""
