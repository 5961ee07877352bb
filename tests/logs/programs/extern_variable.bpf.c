// Refers to a kernel variable there isn't.
#include "bad.h"
extern const int no_such_variable __ksym;
SEC("socket")
int look(void *ctx)
{
	return (long)&no_such_variable;
}
