//! Tables of containers and what is known of their heaps.
