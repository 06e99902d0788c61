//! Skills that are written in other languages than the host's, built with their own tool chains and used.

mod compiled;
