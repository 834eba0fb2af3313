// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Credits: what orders are paid in
/// @notice One credit is backed by one token base unit that this contract holds. Credits move only between an account
/// and the contracts of the protocol, whose set is fixed at deployment: Market and Pledge. Always
/// token.balanceOf(credit) >= totalSupply + sum of pending.
interface ICredit {
    /// @notice Every movement: purchase comes from zero, redeem goes to zero, the others are to or from the protocol.
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Purchased(address indexed account, uint256 value);
    event Redeemed(address indexed account, uint256 value);
    /// @notice Tokens were sent here by hand; they wait for a claim.
    event TransferReceived(address indexed from, uint256 value);
    event TransferClaimed(address indexed from, address indexed by, uint256 value);

    error InsufficientCredits(uint256 needed, uint256 available);
    error NotProtocol(address caller);
    error ZeroAmount();
    error NothingPending(address from);

    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function totalSupply() external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
    /// @notice The token that backs the credits.
    function token() external view returns (address);
    function isProtocol(address account) external view returns (bool);

    /// @notice Takes tokens that the caller approved for this contract and gives as many credits.
    /// @dev Guards in order: amount not zero, then those of GridToken.transferFrom.
    function purchase(uint256 value) external;
    /// @notice Burns credits and gives their tokens back.
    /// @dev Guards in order: amount not zero, credits.
    function redeem(uint256 value) external;

    /// @notice permit and purchase in one call: the caller permits this contract to take `value`. A permit that fails, as
    /// one that was used already, is ignored when the allowance suffices.
    /// @dev Guards in order: amount not zero, those of GridToken.permit unless the allowance suffices, those of transferFrom.
    function purchaseWithPermit(uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Tokens that the account sent here by hand and nobody claimed.
    function pending(address from) external view returns (uint256);
    /// @notice By anybody: gives the sender of pending tokens as many credits.
    /// @dev Guard: something is pending.
    function claimTransfer(address from) external;
    /// @notice GridToken only: says that tokens came by hand.
    /// @dev Guard: caller (NotProtocol).
    function noteTransfer(address from, uint256 value) external;

    /// @notice Protocol only: purchaseWithPermit for an account that called the caller.
    /// @dev Guards in order: caller, those of purchaseWithPermit.
    function purchaseFor(address account, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// @notice Protocol only: burns credits of the caller's own, and the tokens behind them.
    /// @dev Guards in order: caller, credits.
    function burn(uint256 value) external;
    /// @notice Pledge only: mints tokens as backing, and as many credits for the caller.
    /// @dev Guards in order: caller (NotProtocol), the token's cap.
    function issue(uint256 value) external;

    /// @notice Protocol only: moves an account's credits to the caller. The caller has the account's call for it.
    /// @dev Guards in order: caller, credits.
    function escrow(address from, uint256 value) external;
    /// @notice Protocol only: moves the caller's own credits to an account.
    /// @dev Guards in order: caller, credits.
    function release(address to, uint256 value) external;
}
