// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @notice The contracts of one deployment. They know each other from their constructors on, for ever: the addresses are
/// computed from the deployer's nonces before the first one is created.
struct Contracts {
    address token;
    address credit;
    address registry;
    address market;
    address council;
    address pledge;
}

/// @notice Tokens that an account holds from the start.
struct Allocation {
    address account;
    uint256 amount;
}

/// @dev Multicall3, at its address on every chain. Nobody's account either.
address constant MULTICALL3 = 0xcA11bde05977b3631167028862bE2a173976CA11;

/// @dev The largest page of a list view.
uint256 constant MAX_PAGE = 100;

/// @dev Ten years of 365 days: the longest duration of anything that a caller names.
uint64 constant TEN_YEARS = 10 * 365 days;

/// @dev The part [begin, end) of a list of that size; a limit over MAX_PAGE must have been refused.
function pageOf(uint256 size, uint256 offset, uint256 limit) pure returns (uint256 begin, uint256 end) {
    if (offset >= size) return (0, 0);
    return (offset, limit > size - offset ? size : offset + limit);
}
