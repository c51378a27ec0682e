#include "version.h"

const char *const fa_version = sizeof FA_COMMIT > 1 ? FA_VERSION " (" FA_COMMIT ")" : FA_VERSION;
