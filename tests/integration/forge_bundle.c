/* Writes the forge's rehearsed bundle, for tests of what programs say of one.
 *
 *     forge_bundle PATH */
#include "tests/support/forge.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return ERROR_USAGE;
    forge_write_sample(FORGE_REHEARSED, argv[1]);
    return 0;
}
