/*
 * real.h - the number type of the network: activations, parameters, gradients, losses' inputs.
 *
 * float, except in the FA_FLOAT64 build, which exists to check every gradient against finite differences.
 * Files, images and boxes are float32 whatever fa_real is.
 */
#ifndef FA_REAL_H
#define FA_REAL_H

#ifdef FA_FLOAT64
typedef double fa_real;
#else
typedef float fa_real;
#endif

#endif
