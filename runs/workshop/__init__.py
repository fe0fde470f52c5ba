"""The planner's workshop: data, training and ablation behind `leapcasa plan data|train|ablate`."""
