// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {Order, Permit, Quote} from "../../abi/IMarket.sol";
import {IPledge} from "../../abi/IPledge.sol";
import {Prices, Resources} from "../../abi/IRegistry.sol";
import {TEN_YEARS} from "./Contracts.sol";
import {MarketCore} from "./MarketCore.sol";
import {IProviderTerms, ProviderTerms} from "./ProviderTerms.sol";
import {Settlement} from "./Settlement.sol";

/// @title How orders come to be: by offer, by quote, and in the place of another
abstract contract MarketCreation is MarketCore {
    using Settlement for Order;

    bytes32 private constant QUOTE = keccak256(
        "Quote(address provider,address user,uint64 cpuMilli,uint64 memoryMiB,uint64 storageMiB,"
        "uint64 gpus,uint96 cpuMilliPrice,uint96 memoryMiBPrice,uint96 storageMiBPrice,"
        "uint96 gpuPrice,uint64 duration,uint64 probation,bool renewable,uint64 validUntil," "uint64 replaces,uint64 epoch,bytes32 salt)"
    );
    bytes32 private constant DOMAIN = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    mapping(bytes32 digest => bool) public quoteUsed;
    mapping(address provider => mapping(bytes32 salt => bool)) public quoteCancelled;
    mapping(address provider => uint64) public quoteEpoch;

    // --- creation by offer. Structs go to memory first: that checks every field's form before any guard.

    function createOrder(address provider, Resources calldata resources, Prices calldata prices, uint64 duration, uint64 minProbation)
        external
        nonReentrant
        returns (uint64)
    {
        return _create(_offer(provider, resources, prices, duration), minProbation);
    }

    function createOrderWithPermit(
        address provider,
        Resources calldata resources,
        Prices calldata prices,
        uint64 duration,
        uint64 minProbation,
        Permit calldata permit
    ) external nonReentrant returns (uint64) {
        Order memory o = _offer(provider, resources, prices, duration);
        _buyCredits(permit);
        return _create(o, minProbation);
    }

    function checkPermission(address user, address provider, uint256 deposit, uint64 minProbation) external view returns (uint64) {
        ProviderTerms memory terms = IProviderTerms(_registry).terms(provider);
        _checkActive(terms.status, provider);
        _checkPairFree(user, provider);
        return _permitted(user, provider, terms, deposit, minProbation);
    }

    function _offer(address provider, Resources memory resources, Prices memory prices, uint64 duration)
        private
        pure
        returns (Order memory o)
    {
        o.provider = provider;
        o.resources = resources;
        o.prices = prices;
        o.duration = duration;
    }

    function _buyCredits(Permit memory p) internal {
        ICredit(_credit).purchaseFor(msg.sender, p.value, p.deadline, p.v, p.r, p.s);
    }

    function _create(Order memory o, uint64 minProbation) private returns (uint64) {
        _checkDuration(o.duration);
        ProviderTerms memory terms = IProviderTerms(_registry).terms(o.provider);
        _checkActive(terms.status, o.provider);
        _checkPairFree(msg.sender, o.provider);
        o.deposit = Settlement.depositFor(Settlement.hourlyRate(o.resources, o.prices), o.duration);
        o.probation = _permitted(msg.sender, o.provider, terms, o.deposit, minProbation);
        o.renewable = terms.renewable;
        if (!terms.acceptsOffers) revert OffersNotAccepted(o.provider);
        _checkPrice(0, o.prices.cpuMilli, terms.minimumPrices.cpuMilli);
        _checkPrice(1, o.prices.memoryMiB, terms.minimumPrices.memoryMiB);
        _checkPrice(2, o.prices.storageMiB, terms.minimumPrices.storageMiB);
        _checkPrice(3, o.prices.gpus, terms.minimumPrices.gpus);
        return _open(o);
    }

    function _checkPrice(uint8 resource, uint96 offered, uint96 minimum) private pure {
        if (offered < minimum) revert PriceTooLow(resource, offered, minimum);
    }

    /// @dev The guard against many worthless orders, and against endless free time: the free time that the order gets.
    function _permitted(address user, address provider, ProviderTerms memory terms, uint256 deposit, uint64 minProbation)
        private
        view
        returns (uint64 granted)
    {
        uint256 minimum = _settings.minimumDeposit;
        if (deposit < minimum) revert DepositBelowMinimum(deposit, minimum);
        uint32 waiting = _users[user].unactivated;
        uint32 most = _settings.maxUnactivated;
        if (waiting >= most) revert TooManyUnactivated(waiting, most);
        if (terms.probation != 0) {
            if (_probationUsed(user, provider)) {
                if (minProbation != 0) revert ProbationUsed(user, provider);
                return 0;
            }
            if (terms.probationPledge != 0) {
                uint256 pledged = IPledge(_pledge).pledgedBy(user);
                if (pledged < terms.probationPledge) {
                    if (minProbation != 0) revert PledgeTooSmall(pledged, terms.probationPledge);
                    return 0;
                }
            }
        }
        if (terms.probation < minProbation) revert ProbationTooShort(terms.probation, minProbation);
        return terms.probation;
    }

    /// @dev Whether the pair had its probation in this window, or the user cancelled in probation too often in it.
    function _probationUsed(address user, address provider) private view returns (bool) {
        uint64 length = _settings.probationWindow;
        if (length == 0) return false;
        uint64 window = _now() / length;
        if (_pairs[user][provider].probationUse == window + 1) return true;
        User memory u = _users[user];
        return u.cancelWindow == window && u.probationCancels > _settings.maxProbationCancels;
    }

    // --- creation by quote

    function createOrderWithQuote(Quote calldata quote, bytes calldata signature) external nonReentrant returns (uint64) {
        return _createWithQuote(quote, signature);
    }

    function createOrderWithQuoteAndPermit(Quote calldata quote, bytes calldata signature, Permit calldata permit)
        external
        nonReentrant
        returns (uint64)
    {
        Quote memory q = quote;
        _buyCredits(permit);
        return _createWithQuote(q, signature);
    }

    function replaceOrder(Quote calldata quote, bytes calldata signature) external nonReentrant returns (uint64 newId) {
        Quote memory q = quote;
        Order memory old = _running(q.replaces);
        _checkUser(old);
        _checkBeforeEnd(old);
        if (q.provider != old.provider) revert QuoteReplaces(q.replaces);
        address operatorKey = _checkTerms(q);
        bytes32 digest = _checkQuote(q, signature, operatorKey);

        Order memory o = _orderOf(q);
        o.probation = old.probationLeft(_now());
        // First what the old one frees, so that it serves for the new one.
        _complete(old);
        newId = _openAndSpend(o, digest);
        _start(o);
        emit OrderReplaced(old.id, newId);
    }

    function cancelQuote(bytes32 salt) external {
        _checkRegistered();
        if (quoteCancelled[msg.sender][salt]) revert QuoteRevoked(salt);
        quoteCancelled[msg.sender][salt] = true;
        emit QuoteCancelled(msg.sender, salt);
    }

    function bumpQuoteEpoch() external {
        _checkRegistered();
        emit QuoteEpochBumped(msg.sender, ++quoteEpoch[msg.sender]);
    }

    function _createWithQuote(Quote memory q, bytes calldata signature) private returns (uint64) {
        address operatorKey = _checkTerms(q);
        _checkPairFree(msg.sender, q.provider);
        if (q.replaces != 0) revert QuoteReplaces(q.replaces);
        bytes32 digest = _checkQuote(q, signature, operatorKey);
        return _openAndSpend(_orderOf(q), digest);
    }

    /// @dev Durations, and a provider that is active: its operator key.
    function _checkTerms(Quote memory q) private view returns (address operatorKey) {
        _checkDuration(q.duration);
        if (q.probation > TEN_YEARS) revert InvalidDuration(q.probation);
        uint8 status;
        (status, operatorKey) = IProviderTerms(_registry).standing(q.provider);
        _checkActive(status, q.provider);
    }

    /// @dev A quote that is live, unused, and signed for the caller; its digest.
    function _checkQuote(Quote memory q, bytes calldata signature, address operatorKey) private view returns (bytes32 digest) {
        if (block.timestamp >= q.validUntil) revert QuoteExpired(q.validUntil);
        uint64 epoch = quoteEpoch[q.provider];
        if (q.epoch != epoch) revert QuoteEpochPast(q.epoch, epoch);
        if (quoteCancelled[q.provider][q.salt]) revert QuoteRevoked(q.salt);
        digest = _digest(q);
        if (quoteUsed[digest]) revert QuoteSpent(digest);
        if (q.user != msg.sender) revert QuoteNotForCaller(q.user, msg.sender);
        if (signature.length != 65) revert InvalidQuoteSignature();
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        if (problem != ECDSA.RecoverError.NoError) revert InvalidQuoteSignature();
        if (signer != q.provider && (operatorKey == address(0) || signer != operatorKey)) {
            revert QuoteSignerUnknown(signer);
        }
    }

    /// @dev The quote's struct is the EIP-712 type word by word.
    function _digest(Quote memory q) private view returns (bytes32) {
        bytes32 separator = keccak256(abi.encode(DOMAIN, keccak256("GRID Market"), keccak256("1"), block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(separator, keccak256(abi.encode(QUOTE, q)));
    }

    function _orderOf(Quote memory q) private pure returns (Order memory o) {
        o = _offer(q.provider, q.resources, q.prices, q.duration);
        o.probation = q.probation;
        o.deposit = Settlement.depositFor(Settlement.hourlyRate(o.resources, o.prices), o.duration);
        o.providerCheck = true;
        o.renewable = q.renewable;
        o.replaces = q.replaces;
    }

    function _openAndSpend(Order memory o, bytes32 digest) private returns (uint64 id) {
        quoteUsed[digest] = true;
        id = _open(o);
        emit QuoteUsed(digest, o.provider, msg.sender, id);
    }

    /// @dev Only who ever registered has quotes to revoke.
    function _checkRegistered() private view {
        (uint8 status,) = IProviderTerms(_registry).standing(msg.sender);
        if (status == 0) revert UnknownProvider(msg.sender);
    }
}
