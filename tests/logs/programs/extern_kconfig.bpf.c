// Asks for a kernel option that is not there, and not weakly.
#include "bad.h"
extern int CONFIG_NO_SUCH_OPTION __kconfig;
SEC("socket")
int look(void *ctx)
{
	return CONFIG_NO_SUCH_OPTION;
}
