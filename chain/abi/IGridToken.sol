// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title GRID: the token of the market
/// @notice ERC-20 with a capped supply; errors are those of ERC-6093. Allowances of 2^256-1 are never used up.
/// Permits are EIP-2612's, under the EIP-712 domain (name "GRID", version "1", chain id, this contract).
/// Tokens that are sent to Credit by hand wait there for ICredit.claimTransfer. The other contracts of the protocol
/// refuse them (ERC20InvalidReceiver): they would be lost there.
interface IGridToken {
    event Transfer(address indexed from, address indexed to, uint256 value);
    /// @notice Also emitted by transferFrom, with what is left: logs alone give the allowances.
    event Approval(address indexed owner, address indexed spender, uint256 value);

    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error ERC20InvalidSpender(address spender);
    /// @notice block.timestamp is over the deadline.
    error ERC2612ExpiredSignature(uint256 deadline);
    /// @param signer who signed this, zero when nobody did: no signature, s in the upper half, v neither 27 nor 28
    error ERC2612InvalidSigner(address signer, address owner);
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

    /// @notice How many permits of the owner were used: the nonce of the next one.
    function nonces(address owner) external view returns (uint256);
    /// @notice The hash of the EIP-712 domain.
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    /// @notice EIP-5267: the domain in its parts.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );

    /// @dev Guards in order: receiver (not zero, not a contract of the protocol but Credit, unless it calls itself), balance.
    function transfer(address to, uint256 value) external returns (bool);
    /// @dev Guard: the spender is not zero.
    function approve(address spender, uint256 value) external returns (bool);
    /// @dev Guards in order: allowance, then as transfer.
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    /// @notice Approves by the owner's signature over Permit(address owner,address spender,uint256 value,uint256 nonce,
    /// uint256 deadline), with the owner's next nonce.
    /// @dev Guards in order: block.timestamp <= deadline, signature by the owner, the spender is not zero.
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
    /// @notice Destroys tokens of the caller's own.
    /// @dev Guard: balance.
    function burn(uint256 value) external;
    /// @notice By the minter, and by Credit for itself (ICredit.issue).
    /// @dev Guards in order: the caller is the minter or Credit, receiver (as of transfer; not Credit unless it calls), cap.
    function mint(address to, uint256 value) external;
    /// @notice Development chains only: mints to the caller, at most 10,000 GRID a call.
    /// @dev Guards in order: open, limit, cap.
    function faucet(uint256 value) external;
}
