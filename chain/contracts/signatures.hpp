#pragma once

/// Canonical forms of the structs of chain/abi, for signatures.
#define GRID_ABI_RESOURCES "(uint64,uint64,uint64,uint64)"
#define GRID_ABI_PRICES "(uint96,uint96,uint96,uint96)"
#define GRID_ABI_DELTA "(int128,int128,int128,int128)"
#define GRID_ABI_INFO                                                            \
    "(string,uint16," GRID_ABI_PRICES "," GRID_ABI_PRICES "," GRID_ABI_RESOURCES \
    ",string,uint64,uint96,bool,bool,address)"
#define GRID_ABI_QUOTE                                         \
    "(address,address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES \
    ",uint64,uint64,bool,uint64,uint64,uint64,bytes32)"
#define GRID_ABI_PERMIT "(uint256,uint256,uint8,bytes32,bytes32)"
#define GRID_ABI_BALANCE "(uint256,uint256,uint256,uint256,uint256,uint64)"
