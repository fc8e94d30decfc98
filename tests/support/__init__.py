"""Parts that tests share: fakes of time and of the model, and starters of real parts."""
