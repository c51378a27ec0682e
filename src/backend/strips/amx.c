/*
 * amx.c - the product by the tiles of AMX: registers of 16 rows by 64 bytes, of which one instruction
 * multiplies two, 16 by 32 and 32 by 16 numbers of bf16, and adds to 16 by 16 floats.
 */
#include <immintrin.h>

#include "product.h"

/* Every tile is whole: 16 rows of 64 bytes. */
static const struct tiles {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tiles = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

static void begin(void)
{
    _tile_loadconfig(&tiles);
}

static void end(void)
{
    _tile_release();
}

static void load_results(const struct strips_block *block)
{
    if (block->add) {
        _tile_loadd(0, block->result[0][0], 64);
        _tile_loadd(1, block->result[0][1], 64);
        _tile_loadd(2, block->result[1][0], 64);
        _tile_loadd(3, block->result[1][1], 64);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
}

static void store_results(const struct strips_block *block)
{
    _tile_stored(0, block->result[0][0], 64);
    _tile_stored(1, block->result[0][1], 64);
    _tile_stored(2, block->result[1][0], 64);
    _tile_stored(3, block->result[1][1], 64);
}

static void multiply(const struct strips_block *block)
{
    const uint16_t *x0 = block->x[0], *x1 = block->x[1], *dy0 = block->dy[0], *dy1 = block->dy[1];
    const size_t x_row = block->x_row;

    load_results(block);
    for (size_t p = 0; p < block->depth; p += STRIP_DEPTH) {
        _tile_loadd(4, x0 + p, x_row);
        _tile_loadd(6, dy0 + p * STRIP_LANES, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, dy1 + p * STRIP_LANES, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, x1 + p, x_row);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    store_results(block);
}

const struct strips_product strips_amx = {
    .name = "amx", .most_bytes = 1 << 20, .begin = begin, .multiply = multiply, .end = end};
