"""The world: RoboCasa365 as sensors in, actions out."""
