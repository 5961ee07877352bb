// Calls a function of the C library.
#include "bad.h"
extern int strcmp(const char *, const char *);
SEC("socket")
int compare(void *ctx)
{
	char a[8] = "a", b[8] = "b";
	return strcmp(a, b);
}
