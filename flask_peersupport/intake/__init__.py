"""The way in: the step, describe and watch, the receiver, expansion into reach-outs."""
