/*
 * tree.h - the one binary tree in which the gradients of a batch are added up.
 *
 * The tree over n positions has the leaves [0, 1), [1, 2), ... A node [a, a + 2^(k+1)), a a multiple of its
 * length, has the halves of that interval for children; positions from n on do not exist, and a node with one
 * child left is that child. So the tree depends on n alone:
 *
 *     n = 6       [0, 6)
 *              /          \
 *          [0, 4)       [4, 6)
 *          /    \        /  \
 *      [0, 2) [2, 4)    4    5
 *       / \    / \
 *      0   1  2   3
 *
 * A stack merges nodes that come in the order of their positions, as a binary counter carries. Whoever puts
 * all leaves of a slice on it is left with the largest nodes that lie in the slice; whoever then puts on the
 * nodes of all slices, in order, is left with the root.
 */
#ifndef FA_COMM_TREE_H
#define FA_COMM_TREE_H

#include <stddef.h>

#define FA_TREE_MAX_POSITIONS ((size_t)1 << 30)
#define FA_TREE_MAX_DEPTH     64 /* of a stack: two nodes of each length, and one that comes */

struct fa_tree_node {
    size_t begin, end;
};

/* Zeroed but for n before the first push. */
struct fa_tree_stack {
    size_t n; /* positions of the tree, at most FA_TREE_MAX_POSITIONS */
    size_t depth;
    struct fa_tree_node node[FA_TREE_MAX_DEPTH];
};

/* Puts a node of the tree on the stack; it begins where the top ends. Then the two topmost give way to their
   parent as often as they are its children. Returns how often. */
size_t fa_tree_push(struct fa_tree_stack *stack, struct fa_tree_node node);

/* The same for each leaf of [begin, end). */
void fa_tree_push_leaves(struct fa_tree_stack *stack, size_t begin, size_t end);

#endif
