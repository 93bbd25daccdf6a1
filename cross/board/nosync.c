/* A disk that promises and does not keep: preloaded by the control of cross/power-cut, which must then fail. */

int fsync(int file) { (void)file; return 0; }
int fdatasync(int file) { (void)file; return 0; }
