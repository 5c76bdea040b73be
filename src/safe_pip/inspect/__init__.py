"""What can be read from the bytes of a wheel, an sdist or an installed distribution without running any of them."""
