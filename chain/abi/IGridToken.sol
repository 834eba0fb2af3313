// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title GRID: the token of the market
/// @notice ERC-20 with a capped supply; errors are those of ERC-6093. Allowances of 2^256-1 are never used up.
/// Tokens cannot be sent to the contracts of the protocol by hand (ERC20InvalidReceiver): they would be lost there.
/// Credit takes its own by `purchase`.
interface IGridToken {
    event Transfer(address indexed from, address indexed to, uint256 value);
    /// @notice Also emitted by transferFrom, with what is left: logs alone give the allowances.
    event Approval(address indexed owner, address indexed spender, uint256 value);

    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error ERC20InvalidSpender(address spender);
    /// @param supply what the supply would have become
    error ERC20ExceededCap(uint256 supply, uint256 cap);
    error NotMinter(address caller);
    /// @notice This is not a development chain.
    error FaucetClosed();
    error FaucetLimit(uint256 amount, uint256 limit);

    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function totalSupply() external view returns (uint256);
    /// @notice The supply never exceeds it; below 2^96.
    function cap() external view returns (uint256);
    /// @notice Who may mint; zero: nobody.
    function minter() external view returns (address);
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);

    /// @dev Guards in order: receiver (not zero, not a contract of the protocol unless it calls itself), balance.
    function transfer(address to, uint256 value) external returns (bool);
    /// @dev Guard: the spender is not zero.
    function approve(address spender, uint256 value) external returns (bool);
    /// @dev Guards in order: allowance, then as transfer.
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    /// @dev Guards in order: the caller is the minter, receiver, cap.
    function mint(address to, uint256 value) external;
    /// @notice Development chains only: mints to the caller, at most 10,000 GRID a call.
    /// @dev Guards in order: open, limit, cap.
    function faucet(uint256 value) external;
}
