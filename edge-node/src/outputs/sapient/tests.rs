//! What middlewares get to read of a picture.
