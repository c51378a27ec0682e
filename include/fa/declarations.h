/*
 * declarations.h - what surrounds the declarations of a public header: they are C's, also where C++ reads
 * them.
 */
#ifndef FA_DECLARATIONS_H
#define FA_DECLARATIONS_H

#ifdef __cplusplus
#define FA_BEGIN_DECLARATIONS extern "C" {
#define FA_END_DECLARATIONS   }
#else
#define FA_BEGIN_DECLARATIONS
#define FA_END_DECLARATIONS
#endif

#endif
